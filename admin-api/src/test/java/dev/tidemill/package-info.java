/// What holds for the whole: the layout.
@NullMarked
package dev.tidemill;

import org.jspecify.annotations.NullMarked;
