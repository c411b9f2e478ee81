//! Server reflection, both versions, as a client without generated code uses it.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::FileDescriptorProto;
use tonic::Request;
use tonic_reflection::pb::{v1, v1alpha};

use crate::stage::{Stage, within};

const SERVICES: [&str; 3] =
    ["grpc.health.v1.Health", "onduty.v1.AgentStateService", "onduty.v1.DiagnosisService"];

/// Symbols that such a client needs: what it calls, and the details of errors.
const SYMBOLS: [&str; 4] =
    ["onduty.v1.AgentStateService", "onduty.v1.Finding", "google.rpc.ErrorInfo", "grpc.health.v1.Health"];

fn check_services(names: impl Iterator<Item = String>) {
    let names: BTreeSet<_> = names.collect();
    for service in SERVICES {
        assert!(names.contains(service), "{service} is missing in {names:?}");
    }
}

fn check_file(symbol: &str, files: &[Vec<u8>]) {
    let package = symbol.rsplit_once('.').expect("a package").0;
    let file = FileDescriptorProto::decode(files[0].as_slice()).expect("a descriptor");
    assert_eq!(file.package(), package);
}

#[tokio::test]
async fn v1_describes_every_service_and_the_details_of_errors() {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;
    let stage = Stage::open().await;
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(stage.channel());
    let mut questions = vec![MessageRequest::ListServices(String::new())];
    questions.extend(SYMBOLS.map(|symbol| MessageRequest::FileContainingSymbol(symbol.to_owned())));
    let requests = questions
        .into_iter()
        .map(|question| v1::ServerReflectionRequest { host: String::new(), message_request: Some(question) });
    let requests: Vec<_> = requests.collect();
    let call = client.server_reflection_info(Request::new(tokio_stream::iter(requests)));
    let mut answers = within(call).await.expect("a stream").into_inner();
    let mut symbols = SYMBOLS.iter();
    while let Some(answer) = within(answers.message()).await.expect("no error") {
        match answer.message_response.expect("an answer") {
            MessageResponse::ListServicesResponse(list) => {
                check_services(list.service.into_iter().map(|service| service.name));
            }
            MessageResponse::FileDescriptorResponse(files) => {
                check_file(symbols.next().expect("no more than asked"), &files.file_descriptor_proto);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(symbols.next(), None, "each question was answered");
}

#[tokio::test]
async fn v1alpha_describes_every_service_and_the_details_of_errors() {
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;
    let stage = Stage::open().await;
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(stage.channel());
    let mut questions = vec![MessageRequest::ListServices(String::new())];
    questions.extend(SYMBOLS.map(|symbol| MessageRequest::FileContainingSymbol(symbol.to_owned())));
    let requests = questions.into_iter().map(|question| v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    });
    let requests: Vec<_> = requests.collect();
    let call = client.server_reflection_info(Request::new(tokio_stream::iter(requests)));
    let mut answers = within(call).await.expect("a stream").into_inner();
    let mut symbols = SYMBOLS.iter();
    while let Some(answer) = within(answers.message()).await.expect("no error") {
        match answer.message_response.expect("an answer") {
            MessageResponse::ListServicesResponse(list) => {
                check_services(list.service.into_iter().map(|service| service.name));
            }
            MessageResponse::FileDescriptorResponse(files) => {
                check_file(symbols.next().expect("no more than asked"), &files.file_descriptor_proto);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(symbols.next(), None, "each question was answered");
}
