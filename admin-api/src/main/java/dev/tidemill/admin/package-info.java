/// The server: one process with the jobs, the query endpoints for users under `/api/v1`, the endpoints
/// for operators under `/actuator`, and the command line over both.
///
/// [ServerConfiguration] is the table of contents: everything that runs is imported there by name.
@NullMarked
package dev.tidemill.admin;

import org.jspecify.annotations.NullMarked;
