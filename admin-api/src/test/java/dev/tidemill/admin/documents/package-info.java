/// Tests of the server.
@NullMarked
package dev.tidemill.admin.documents;

import org.jspecify.annotations.NullMarked;
