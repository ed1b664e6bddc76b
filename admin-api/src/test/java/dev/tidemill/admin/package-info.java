/// Tests of the server.
@NullMarked
package dev.tidemill.admin;

import org.jspecify.annotations.NullMarked;
