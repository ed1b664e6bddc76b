/// The ingest job: *discover* what a source holds, retire what is *gone*, *extract* and chunk what is
/// new or changed, *embed* the chunks that have no vector, *publish* complete versions, and build the
/// *index* once it is worth one.
///
/// Progress is the state column of the document versions, flipped in the transaction that does the
/// work. Any step may be killed at any point and run again.
@NullMarked
package dev.tidemill.ingest;

import org.jspecify.annotations.NullMarked;
