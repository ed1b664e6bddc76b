@NullMarked
package dev.tidemill.evaluate;

import org.jspecify.annotations.NullMarked;
