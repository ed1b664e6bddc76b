@NullMarked
package dev.tidemill.quality;

import org.jspecify.annotations.NullMarked;
