@NullMarked
package dev.tidemill.precaution;

import org.jspecify.annotations.NullMarked;
