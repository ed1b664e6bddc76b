/// Tests of the server.
@NullMarked
package dev.tidemill.admin.runs;

import org.jspecify.annotations.NullMarked;
