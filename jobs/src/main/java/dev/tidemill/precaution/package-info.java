/// What is done before something is destroyed: a backup of everything is there, or is taken, or its lack is told.
/// [BackupBefore] is what a job's settings say about that; [Precautions] does it. Knows the platform alone: a backup is
/// a run of the job `backup` like any other.
@NullMarked
package dev.tidemill.precaution;

import org.jspecify.annotations.NullMarked;
