/// The job `reclaim`: takes one project or one workspace out of a backup into the live installation. It restores the
/// workspace's rows to scratch, as every restore does, writes its projects there as portable files, and has them
/// imported by the job `import`: with the vectors they have, under its conflict policy. Done means that every import
/// has completed. Scratch is removed at the end, whatever the end is.
///
/// It is the one job that knows two others, `backup` and `transfer`: docs/decisions/021 says why.
@NullMarked
package dev.tidemill.reclaim;

import org.jspecify.annotations.NullMarked;
