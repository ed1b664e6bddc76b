/// Bytes to text: [Extractor] decides by content what a file is and hands its text over as blocks in
/// reading order, or says why it cannot. Simple text formats are streamed in this JVM; whatever needs a
/// large parser is read by a child JVM with its own memory cap, so that a hostile file costs one small
/// process and never the service.
@NullMarked
package dev.tidemill.extract;

import org.jspecify.annotations.NullMarked;
