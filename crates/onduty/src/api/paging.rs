//! What all pages have in common, whatever is on them.

/// What is on a page unless the caller says otherwise, and at most.
const PAGE_SIZE_DEFAULT: usize = 100;
const PAGE_SIZE_MAX: usize = 1_000;

/// A page ends early rather than exceed this: common clients refuse messages over 4 MiB.
pub(super) const PAGE_BYTES_MAX: usize = 2 * 1_048_576;

/// Reads a page size (0: the default), or says what is allowed.
pub(super) fn read_page_size(page_size: i32) -> Result<usize, String> {
    match usize::try_from(page_size) {
        Ok(0) => Ok(PAGE_SIZE_DEFAULT),
        Ok(size) if size <= PAGE_SIZE_MAX => Ok(size),
        _ => Err(format!("must be 1 to {PAGE_SIZE_MAX}, or 0 for {PAGE_SIZE_DEFAULT}")),
    }
}
