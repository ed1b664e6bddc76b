/// Tests of the server.
@NullMarked
package dev.tidemill.admin.security;

import org.jspecify.annotations.NullMarked;
