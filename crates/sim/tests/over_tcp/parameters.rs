//! Documented parameters of listings do what they say, or are refused; none is silently ignored.

use serde_json::{Value, json};

use crate::house::{House, text};

fn ids(page: &Value) -> Vec<String> {
    page["entities"].as_array().unwrap().iter().map(|entity| text(entity, "id").to_owned()).collect()
}

#[tokio::test]
async fn users_are_found_by_their_address_in_chats_and_not_by_both_that_and_the_id() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    let (_, first) = house.get("/api/v2/users?pageSize=2", &token).await;
    let addresses: Vec<&str> =
        first["entities"].as_array().unwrap().iter().map(|user| text(&user["chat"], "jabberId")).collect();
    let path = format!("/api/v2/users?jabberId={}&jabberId=nobody@acme.example", addresses.join(","));
    let (status, found) = house.get(&path, &token).await;
    assert_eq!((status, ids(&found)), (200, ids(&first)));
    let foreign = addresses[0].replace("acme", "other");
    assert_eq!(house.get(&format!("/api/v2/users?jabberId={foreign}"), &token).await.0, 404);
    let both = format!("/api/v2/users?jabberId={}&id={}", addresses[0], ids(&first)[0]);
    let (status, refused) = house.get(&both, &token).await;
    assert_eq!((status, text(&refused, "code")), (400, "constraint.validation"));
    let many = vec![addresses[0]; 101].join(",");
    let (status, refused) = house.get(&format!("/api/v2/users?jabberId={many}"), &token).await;
    assert_eq!((status, text(&refused, "code")), (400, "max.user.ids"));
    assert_eq!(house.get("/api/v2/users/query?jabberId=a@b", &token).await.0, 400);
    house.close().await;
}

#[tokio::test]
async fn users_come_in_the_order_asked_for_by_page_and_by_cursor() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    let all = async |path: &str| {
        let (mut path, mut found) = (path.to_owned(), Vec::new());
        loop {
            let (_, page) = house.get(&path, &token).await;
            found.extend(ids(&page));
            let Some(next) = page["nextUri"].as_str() else { return found };
            next.clone_into(&mut path);
        }
    };
    for path in ["/api/v2/users", "/api/v2/users/query"] {
        let plain = all(&format!("{path}?pageSize=20")).await;
        let reversed: Vec<String> = plain.iter().rev().cloned().collect();
        for (order, expected) in
            [("ascending", &plain), ("ASC", &plain), ("descending", &reversed), ("desc", &reversed)]
        {
            assert_eq!(&all(&format!("{path}?pageSize=20&sortOrder={order}")).await, expected, "{order}");
        }
        let (status, refused) = house.get(&format!("{path}?sortOrder=sideways"), &token).await;
        assert_eq!((status, text(&refused, "code")), (400, "invalid.query.param.value"), "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn members_are_filtered_by_presence_name_and_kind_of_membership_and_sorted_by_name() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    house.force(&agent, json!({"presence": "Training"})).await;
    let queue = text(&agent, "userId");
    let (_, queues) = house.get(&format!("/api/v2/users/{queue}/queues"), &token).await;
    let path = format!("/api/v2/routing/queues/{}/members", ids(&queues)[0]);
    let members = async |query: &str| house.get(&format!("{path}?pageSize=100&{query}"), &token).await;
    let (_, everybody) = members("").await;
    let names = |page: &Value| -> Vec<String> {
        page["entities"].as_array().unwrap().iter().map(|member| text(member, "name").to_owned()).collect()
    };
    for spelling in ["Training", "TRAINING", "Meal,training"] {
        let found = ids(&members(&format!("presence={spelling}&expand=presence")).await.1);
        assert!(found.contains(&text(&agent, "userId").to_owned()), "{spelling}: {found:?}");
        assert!(found.len() < ids(&everybody).len(), "{spelling}");
    }
    let part = text(&agent, "name")[1..5].to_uppercase();
    let expected: Vec<String> =
        names(&everybody).into_iter().filter(|name| name.to_uppercase().contains(&part)).collect();
    assert_eq!(names(&members(&format!("name={part}")).await.1), expected);
    assert_eq!(ids(&members("memberBy=user").await.1), ids(&everybody));
    assert!(ids(&members("memberBy=group").await.1).is_empty());
    let (ascending, mut descending) =
        (names(&members("sortOrder=asc").await.1), names(&members("sortOrder=desc").await.1));
    assert!(ascending.is_sorted());
    descending.reverse();
    assert_eq!(ascending, descending);
    for refused in ["memberBy=magic", "sortOrder=sideways", "skills=x", "languages=x", "profileSkills=x"] {
        let (status, error) = members(refused).await;
        assert_eq!((status, text(&error, "code")), (400, "invalid.query.param.value"), "{refused}");
    }
    house.close().await;
}

#[tokio::test]
async fn somebodys_queues_are_those_of_the_divisions_asked_for() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    let mut seen = 0;
    for agent in house.truth().await.iter().take(6) {
        let path = format!("/api/v2/users/{}/queues", text(agent, "userId"));
        let (_, all) = house.get(&path, &token).await;
        for queue in all["entities"].as_array().unwrap() {
            let division = text(&queue["division"], "id");
            let (_, there) = house.get(&format!("{path}?divisionId={division}"), &token).await;
            let divisions =
                there["entities"].as_array().unwrap().iter().map(|queue| &queue["division"]["id"]);
            assert!(
                divisions.clone().all(|id| id == division) && ids(&there).contains(&text(queue, "id").into())
            );
            seen += usize::from(ids(&there).len() < ids(&all).len());
        }
        let (status, refused) = house.get(&format!("{path}?divisionId=Berlin"), &token).await;
        assert_eq!((status, text(&refused, "code")), (400, "invalid.id"));
    }
    assert!(seen > 0, "somebody has queues of more than one division");
    house.close().await;
}
