//! TLS: an authority and a server certificate made at the start. Only the authority's certificate leaves the process,
//! as a file for clients to trust; no key does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// The file with the authority's certificate.
const CA_FILE: &str = "onduty-sim-ca.pem";
/// The names that the certificate is for. Official SDKs put `api.` and `login.` before an environment's name.
const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "api.localhost", "login.localhost"];
/// HTTP/2 where the client can.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificates could not be made.
    #[error("could not make the certificates")]
    Make(#[from] rcgen::Error),
    /// The TLS stack does not take them.
    #[error("could not serve with the certificates made")]
    Serve(#[from] rustls::Error),
    /// Clients could not be given what to trust.
    #[error("could not write the authority's certificate to {}; choose another folder with --tls-dir", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// What takes handshakes, and the file with what its clients are to trust.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) ca_file: PathBuf,
}

/// Makes both certificates, and writes the authority's into this folder.
pub(super) async fn prepare(folder: &Path) -> Result<Tls, TlsError> {
    let (authority_key, server_key) = (KeyPair::generate()?, KeyPair::generate()?);
    let authority = authority(&authority_key)?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);
    let certificate = server()?.signed_by(&server_key, &issuer)?;

    let key = PrivateKeyDer::Pkcs8(server_key.serialize_der().into());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();

    let ca_file = folder.join(CA_FILE);
    let written = tokio::fs::write(&ca_file, authority_certificate.pem()).await;
    written.map_err(|source| TlsError::Write { path: ca_file.clone(), source })?;
    Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), ca_file })
}

/// Its name holds part of its key. Under one name for all of them, a client that trusts the one of an earlier start
/// would find a bad signature where a stranger's is the trouble.
fn authority(key: &KeyPair) -> Result<CertificateParams, rcgen::Error> {
    let tail =
        key.public_key_raw().iter().rev().take(4).map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, format!("onduty-sim authority {tail}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

fn server() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
    params.distinguished_name.push(DnType::CommonName, "onduty-sim");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
