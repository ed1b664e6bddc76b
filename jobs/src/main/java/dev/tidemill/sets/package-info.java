/// Vector sets as jobs work on them: texts embedded under the platform's rules for failures, the check that a set's
/// model is still the one that made it, the tuning of its index, and the audit of its vectors. Knows the rooms and
/// the platform, and no job.
@NullMarked
package dev.tidemill.sets;

import org.jspecify.annotations.NullMarked;
