/// Tests of sealed streams.
@NullMarked
package dev.tidemill.seal;

import org.jspecify.annotations.NullMarked;
