//! A server in front of the simulated platform, as a proxy or a captive portal stands there: it sees every request and
//! may change what the platform answered.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use serde_json::Value;

use crate::house::Sim;

/// The longest body that goes through.
const BODY_MAX: usize = 32 * 1024 * 1024;

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Said {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, body: body.to_string().into() }
    }

    /// The page of somebody who is not the platform.
    pub(crate) fn page(status: u16) -> Self {
        Self { status, body: Bytes::from_static(b"<html><body>Please sign in</body></html>") }
    }

    /// The same with another body.
    pub(crate) fn changed(self, change: impl FnOnce(&mut Value)) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap();
        change(&mut body);
        Self::json(self.status, &body)
    }
}

/// Passes every request on and every answer through `alter`, which is told the path with its query.
pub(crate) fn router(sim: &Sim, alter: impl Fn(&str, Said) -> Said + Send + Sync + 'static) -> Router {
    let (url, alter) = (sim.url().to_owned(), Arc::new(alter));
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    Router::new().fallback(move |request: Request| {
        let (url, alter, http) = (url.clone(), Arc::clone(&alter), http.clone());
        async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.path_and_query().unwrap().as_str().to_owned();
            let body = axum::body::to_bytes(body, BODY_MAX).await.unwrap();
            let mut passed = http.request(parts.method, format!("{url}{path}")).body(body);
            for name in ["authorization", "content-type"] {
                if let Some(value) = parts.headers.get(name) {
                    passed = passed.header(name, value);
                }
            }
            let answer = passed.send().await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let said = alter(&path, Said { status, body: answer.bytes().await.unwrap() });
            let mut response = Response::builder().status(said.status);
            for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("inin-")) {
                response = response.header(name, value);
            }
            response.body(Body::from(said.body)).unwrap()
        }
    })
}
