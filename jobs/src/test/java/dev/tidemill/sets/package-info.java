@NullMarked
package dev.tidemill.sets;

import org.jspecify.annotations.NullMarked;
