/// Streams that are encrypted in authenticated frames, and the keys they are made of: what backups
/// and exported projects share.
@NullMarked
package dev.tidemill.seal;

import org.jspecify.annotations.NullMarked;
