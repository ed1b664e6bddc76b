/// Question to ranked hits: a vector leg and a full-text leg, fused by their ranks, with filters and an
/// explanation.
@NullMarked
package dev.tidemill.search;

import org.jspecify.annotations.NullMarked;
