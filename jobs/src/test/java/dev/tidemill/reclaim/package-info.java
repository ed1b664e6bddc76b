@NullMarked
package dev.tidemill.reclaim;

import org.jspecify.annotations.NullMarked;
