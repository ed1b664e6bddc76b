@NullMarked
package dev.tidemill.reembed;

import org.jspecify.annotations.NullMarked;
