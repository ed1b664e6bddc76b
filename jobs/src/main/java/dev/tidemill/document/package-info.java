/// The nouns every room shares, as records: blocks of extracted text, chunks, hits, citations,
/// refusals. No I/O, no SQL.
///
/// The canonical text of a document version is the concatenation of its [Block] texts; every offset
/// anywhere is a count of Unicode code points into that text, so that SQL `substr` and any client
/// language slice the same span.
@NullMarked
package dev.tidemill.document;

import org.jspecify.annotations.NullMarked;
