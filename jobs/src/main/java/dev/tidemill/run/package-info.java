/// The platform under the jobs: launching, watching and resuming runs, and their dead letters. It knows
/// no job by name.
///
/// A *run* is one execution of a job. *Resume* goes on with the same job instance from its failed step;
/// *run again* makes a new instance. What a run has done is in the data, so a run that was killed
/// leaves nothing to repair.
@NullMarked
package dev.tidemill.run;

import org.jspecify.annotations.NullMarked;
