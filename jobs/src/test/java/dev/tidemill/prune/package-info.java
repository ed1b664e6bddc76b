/// Tests of letting go.
@NullMarked
package dev.tidemill.prune;

import org.jspecify.annotations.NullMarked;
