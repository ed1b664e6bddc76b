/// Proves on the operator's own machine that a job killed anywhere loses nothing and does nothing twice.
@NullMarked
package dev.tidemill.admin.crashtest;

import org.jspecify.annotations.NullMarked;
