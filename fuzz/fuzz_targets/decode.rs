//! Any bytes, through every decoder that reads what a stranger sent.

#![no_main]

use libfuzzer_sys::fuzz_target;
use onduty::platform::genesys::decode::{
    Arrival, agent_profile, agent_profiles, agent_state, agent_states, definitions, divisions, grants, oauth_refusal,
    permitted_divisions, platform_refusal, presence, presences, queue_name, routing_status, token, token_info,
    user, users, webhook,
};
use onduty_core::observation::Source;
use onduty_core::time::Timestamp;

fuzz_target!(|body: &[u8]| {
    let pushed = Arrival { source: Source::Webhook, heard_at: Timestamp::from_millis(1_800_000_000_000) };
    let read = Arrival { source: Source::Sweep, ..pushed };
    let _ = webhook(body, None, pushed);
    let _ = users(body, read);
    let _ = user(body, read);
    let _ = presences(body, read);
    let _ = presence(body, read);
    let _ = routing_status(body, read);
    let _ = agent_states(body, read);
    let _ = agent_state(body, read);
    let _ = agent_profiles(body);
    let _ = agent_profile(body);
    let _ = token(body);
    let _ = oauth_refusal(body);
    let _ = platform_refusal(body);
    let _ = token_info(body);
    let _ = permitted_divisions(body);
    let _ = divisions(body);
    let _ = grants(body);
    let _ = queue_name(body);
    let _ = definitions(body);
});
