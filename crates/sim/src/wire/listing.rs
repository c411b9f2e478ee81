//! Paged listings, with the links that lead from page to page.

use serde::Serialize;

use super::call::Asked;
use super::refusal::Refusal;

/// Which page of how many is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) size: usize,
    pub(super) number: usize,
}

impl Page {
    /// Reads `pageSize` and `pageNumber`; a size over the limit is refused.
    pub(super) fn strict(asked: &Asked<'_>, size_max: usize) -> Result<Self, Refusal> {
        let page = Self::any(asked)?;
        if page.size > size_max {
            let allowed = format!("1 to {size_max}");
            return Err(Refusal::parameter("pageSize", &page.size.to_string(), &allowed));
        }
        Ok(page)
    }

    /// Reads `pageSize` and `pageNumber`; a size over the limit is silently made smaller.
    pub(super) fn capped(asked: &Asked<'_>, size_max: usize) -> Result<Self, Refusal> {
        let page = Self::any(asked)?;
        Ok(Self { size: page.size.min(size_max), ..page })
    }

    fn any(asked: &Asked<'_>) -> Result<Self, Refusal> {
        let page = Self { size: asked.parameter("pageSize", 25)?, number: asked.parameter("pageNumber", 1)? };
        if page.size == 0 {
            return Err(Refusal::parameter("pageSize", "0", "1 or more"));
        }
        if page.number == 0 {
            return Err(Refusal::plain(
                400,
                "invalid.page.number",
                "The page number must be greater than 0.",
            ));
        }
        Ok(page)
    }

    /// The elements on this page.
    pub(super) fn of<T>(self, all: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        all.skip(self.size.saturating_mul(self.number - 1)).take(self.size)
    }
}

/// A page of a listing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing<T> {
    entities: Vec<T>,
    page_size: usize,
    page_number: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_uri: Option<String>,
    self_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    all_divs_permitted: Option<bool>,
}

impl<T> Listing<T> {
    /// A page with everything said about the whole.
    pub(super) fn of(asked: &Asked<'_>, page: Page, total: usize, entities: Vec<T>) -> Self {
        let page_count = total.div_ceil(page.size);
        let uri = |number| page_uri(asked, page.size, number);
        Self {
            entities,
            page_size: page.size,
            page_number: page.number,
            total: Some(total),
            first_uri: Some(uri(1)),
            next_uri: (page.number < page_count).then(|| uri(page.number + 1)),
            previous_uri: (page.number > 1).then(|| uri(page.number - 1)),
            last_uri: Some(uri(page_count.max(1))),
            self_uri: uri(page.number),
            page_count: Some(page_count),
            all_divs_permitted: None,
        }
    }

    /// A page that does not say how many there are: one pages on until `nextUri` is missing.
    pub(super) fn without_total(asked: &Asked<'_>, page: Page, total: usize, entities: Vec<T>) -> Self {
        let listing = Self::of(asked, page, total, entities);
        Self { total: None, last_uri: None, page_count: None, ..listing }
    }

    /// With the word on whether all divisions are permitted.
    pub(super) fn all_divisions(self, permitted: bool) -> Self {
        Self { all_divs_permitted: Some(permitted), ..self }
    }
}

fn page_uri(asked: &Asked<'_>, size: usize, number: usize) -> String {
    let others = asked.call.query.without(&["pageSize", "pageNumber"]);
    let separator = if others.is_empty() { "" } else { "&" };
    format!("{}?{others}{separator}pageSize={size}&pageNumber={number}", asked.path)
}
