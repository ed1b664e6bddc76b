/// Tests of the server.
@NullMarked
package dev.tidemill.admin.cli;

import org.jspecify.annotations.NullMarked;
