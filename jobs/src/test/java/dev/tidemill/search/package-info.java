/// Tests of the search.
@NullMarked
package dev.tidemill.search;

import org.jspecify.annotations.NullMarked;
