/// The command line: the same operations as the HTTP endpoints, through them. Without a running server
/// a command starts one for itself, on a free port of this machine only, and ends it.
@NullMarked
package dev.tidemill.admin.cli;

import org.jspecify.annotations.NullMarked;
