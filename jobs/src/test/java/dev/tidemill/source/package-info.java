/// Sources on a real file system.
@NullMarked
package dev.tidemill.source;

import org.jspecify.annotations.NullMarked;
