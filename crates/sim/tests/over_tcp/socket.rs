//! A client of notification channels: the few REST calls, and a real WebSocket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::house::{House, text};

/// How long a frame is waited for.
const DEADLINE: Duration = Duration::from_secs(60);

/// One open socket.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
}

impl Socket {
    /// Connects; the error tells the status of a refusal.
    pub(crate) async fn open(uri: &str) -> Result<Self, Error> {
        let (host, _) = uri.strip_prefix("ws://").unwrap().split_once('/').unwrap();
        let tcp = TcpStream::connect(host).await.unwrap();
        let (stream, _) = client_async(uri, tcp).await?;
        Ok(Self { stream })
    }

    /// Connects to a channel.
    pub(crate) async fn to(channel: &Value) -> Self {
        Self::open(text(channel, "connectUri")).await.unwrap()
    }

    /// The status with which a connection is refused.
    pub(crate) async fn refusal(channel: &Value) -> u16 {
        match Self::open(text(channel, "connectUri")).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("refused otherwise: {error}"),
            Ok(_) => 101,
        }
    }

    pub(crate) async fn say(&mut self, frame: Value) {
        self.stream.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next message of any kind, or none when the socket has ended.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(DEADLINE, self.stream.next()).await;
        next.expect("a message or the end").and_then(Result::ok)
    }

    /// The next frame with JSON in it.
    pub(crate) async fn frame(&mut self) -> Value {
        loop {
            match self.message().await {
                Some(Message::Text(text)) => return serde_json::from_str(&text).unwrap(),
                Some(Message::Close(frame)) => panic!("closed: {frame:?}"),
                Some(_) => {}
                None => panic!("the socket has ended"),
            }
        }
    }

    /// The next frame whose topic begins so; others are passed over.
    pub(crate) async fn frame_of(&mut self, topic: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if text(&frame, "topicName").starts_with(topic) {
                return frame;
            }
        }
    }

    /// The frames that come until the answer to a ping, but for those about the channel itself: events, in other words.
    pub(crate) async fn events(&mut self) -> Vec<Value> {
        self.say(json!({"message": "ping"})).await;
        let mut events = Vec::new();
        loop {
            let frame = self.frame().await;
            if frame["eventBody"]["message"] == "pong" {
                return events;
            }
            let topic = text(&frame, "topicName");
            if !topic.starts_with("v2.subscription") && !topic.starts_with("channel.metadata") {
                events.push(frame);
            }
        }
    }

    /// The frames that come until the socket ends, and the code with which it was closed, if it was.
    pub(crate) async fn until_the_end(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut frames = Vec::new();
        loop {
            match self.message().await {
                Some(Message::Text(text)) => frames.push(serde_json::from_str(&text).unwrap()),
                Some(Message::Close(frame)) => return (frames, frame.map(|frame| frame.code.into())),
                Some(_) => {}
                None => return (frames, None),
            }
        }
    }
}

/// The calls about channels, with the token of one client.
pub(crate) struct Caller<'a> {
    pub(crate) house: &'a House,
    pub(crate) token: String,
}

impl<'a> Caller<'a> {
    pub(crate) async fn of(house: &'a House, client: &str) -> Self {
        Self { house, token: house.token(client).await }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let path = format!("/api/v2/notifications/{path}");
        let response = self.house.send(method, &path, &self.token, body).await;
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// A new channel.
    pub(crate) async fn channel(&self) -> Value {
        let (status, channel) = self.call(Method::POST, "channels", None).await;
        assert_eq!(status, 200);
        channel
    }

    /// Whether a channel lives.
    pub(crate) async fn lives(&self, channel: &Value) -> bool {
        let path = format!("channels/{}", text(channel, "id"));
        let (status, _) = self.call(Method::HEAD, &path, None).await;
        assert!(matches!(status, 200 | 404), "{status}");
        status == 200
    }

    pub(crate) async fn subscriptions(
        &self,
        method: Method,
        channel: &Value,
        query: &str,
        topics: &[String],
    ) -> (u16, Value) {
        let path = format!("channels/{}/subscriptions{query}", text(channel, "id"));
        let body: Vec<Value> = topics.iter().map(|topic| json!({"id": topic})).collect();
        let body = matches!(method, Method::POST | Method::PUT).then(|| body.into());
        self.call(method, &path, body).await
    }

    /// Subscribes to exactly these topics.
    pub(crate) async fn put(&self, channel: &Value, topics: &[String]) {
        let (status, answer) = self.subscriptions(Method::PUT, channel, "", topics).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// The names of all topics of a channel.
    pub(crate) async fn topics(&self, channel: &Value) -> Vec<String> {
        let (status, answer) = self.subscriptions(Method::GET, channel, "", &[]).await;
        assert_eq!(status, 200);
        names(&answer)
    }

    /// A channel with these topics, and a socket on it.
    pub(crate) async fn listen(&self, topics: &[String]) -> (Value, Socket) {
        let channel = self.channel().await;
        self.put(&channel, topics).await;
        let socket = Socket::to(&channel).await;
        (channel, socket)
    }
}

/// The names in a listing of topics.
pub(crate) fn names(answer: &Value) -> Vec<String> {
    let entities = answer["entities"].as_array().unwrap();
    entities.iter().map(|topic| text(topic, "id").to_owned()).collect()
}

/// A topic about a user.
pub(crate) fn topic(agent: &Value, last: &str) -> String {
    format!("v2.users.{}.{last}", text(agent, "userId"))
}
