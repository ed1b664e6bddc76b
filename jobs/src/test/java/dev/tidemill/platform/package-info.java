/// An application that uses the platform for a job of its own, as any other could: it sees what is public and
/// nothing else.
@NullMarked
package dev.tidemill.platform;

import org.jspecify.annotations.NullMarked;
