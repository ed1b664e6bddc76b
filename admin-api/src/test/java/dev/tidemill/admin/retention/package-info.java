/// Tests of letting go and moving house, over HTTP and the command line.
@NullMarked
package dev.tidemill.admin.retention;

import org.jspecify.annotations.NullMarked;
