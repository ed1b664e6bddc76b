/// Jobs, runs and dead letters, for operators: `/actuator/jobs`, `/actuator/runs`,
/// `/actuator/deadletters`.
///
/// They are plain controllers below the actuator's path: its own endpoints take flat parameters only
/// and pass over unknown ones in silence, and here a mistyped parameter is refused.
@NullMarked
package dev.tidemill.admin.runs;

import org.jspecify.annotations.NullMarked;
