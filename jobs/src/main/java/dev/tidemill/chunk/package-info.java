/// Blocks of text to chunks: pure functions, no I/O, memory bounded by one chunk whatever the
/// document's size. The same blocks and the same [ChunkProfile] always give the same chunks.
@NullMarked
package dev.tidemill.chunk;

import org.jspecify.annotations.NullMarked;
