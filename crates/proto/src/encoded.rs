//! Responses that are bytes already. A row's protobuf is made once, when it changes; a thousand watchers of one change
//! then cost a thousand writes and one encoding. [`Encoded`] carries such bytes through a generated server,
//! [`EncodedCodec`] puts them on the wire as they are.

use bytes::{BufMut as _, Bytes};
use prost::Message;
use std::fmt;
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{Codec, EncodeBuf, Encoder};
use tonic_prost::{ProstCodec, ProstDecoder};

/// The protobuf encoding of one `T`. Cloning it shares the bytes.
pub struct Encoded<T> {
    bytes: Bytes,
    message: PhantomData<fn() -> T>,
}

impl<T> Encoded<T> {
    /// Takes bytes that are the encoding of one `T`. Nothing checks that they are: a wrong promise shows at the
    /// client, as a message that does not decode.
    #[must_use]
    pub const fn from_bytes(bytes: Bytes) -> Self {
        Self { bytes, message: PhantomData }
    }

    /// The encoding.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The encoding, given away.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl<T: Message + Default> Encoded<T> {
    /// Reads the message back.
    ///
    /// # Errors
    /// When the bytes are not the encoding of a `T`.
    pub fn decode(&self) -> Result<T, prost::DecodeError> {
        T::decode(self.bytes.clone())
    }
}

impl<T: Message> From<&T> for Encoded<T> {
    fn from(message: &T) -> Self {
        Self::from_bytes(Bytes::from(message.encode_to_vec()))
    }
}

impl<T: Message> From<T> for Encoded<T> {
    fn from(message: T) -> Self {
        Self::from(&message)
    }
}

impl<T> Clone for Encoded<T> {
    fn clone(&self) -> Self {
        Self::from_bytes(self.bytes.clone())
    }
}

impl<T> PartialEq for Encoded<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> Eq for Encoded<T> {}

/// Shows the size only: the content is people's names and states, and belongs in no log.
impl<T> fmt::Debug for Encoded<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Encoded({} bytes)", self.bytes.len())
    }
}

/// The codec of a server whose responses are [`Encoded`]: requests `U` are decoded by prost, responses are written
/// as they are.
pub struct EncodedCodec<T, U> {
    messages: PhantomData<fn() -> (T, U)>,
}

impl<T, U> Default for EncodedCodec<T, U> {
    fn default() -> Self {
        Self { messages: PhantomData }
    }
}

impl<T, U> fmt::Debug for EncodedCodec<T, U> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EncodedCodec")
    }
}

impl<T, U> Codec for EncodedCodec<T, U>
where
    T: Message + 'static,
    U: Message + Default + 'static,
{
    type Encode = Encoded<T>;
    type Decode = U;
    type Encoder = EncodedWriter<T>;
    type Decoder = ProstDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        EncodedWriter { message: PhantomData }
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstCodec::<T, U>::default().decoder()
    }
}

/// Writes [`Encoded`] messages into the frame buffer.
pub struct EncodedWriter<T> {
    message: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for EncodedWriter<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EncodedWriter")
    }
}

impl<T> Encoder for EncodedWriter<T> {
    type Item = Encoded<T>;
    type Error = Status;

    fn encode(&mut self, item: Self::Item, buffer: &mut EncodeBuf<'_>) -> Result<(), Self::Error> {
        buffer.reserve(item.bytes.len());
        buffer.put(item.bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::Finding;

    fn finding() -> Finding {
        Finding { reason: "AGENT_UNKNOWN".to_owned(), agent_id: "a-1".to_owned(), ..Default::default() }
    }

    #[test]
    fn a_message_survives_being_encoded() {
        assert_eq!(Encoded::from(finding()).decode().expect("decodes"), finding());
    }

    #[test]
    fn a_clone_shares_the_bytes() {
        let encoded = Encoded::from(finding());
        assert_eq!(encoded.clone().as_bytes().as_ptr(), encoded.as_bytes().as_ptr());
    }

    #[test]
    fn debug_shows_no_content() {
        let encoded = Encoded::from(finding());
        assert_eq!(format!("{encoded:?}"), format!("Encoded({} bytes)", encoded.as_bytes().len()));
    }
}
