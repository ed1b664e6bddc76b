/// The reembed job: *create* a vector set, *embed* the project's texts by its model, *index* it once it is worth one,
/// ask golden and real *questions* of it and of the live set (*evaluate*), let the *gate* decide, and *switch*. The old
/// set soaks and is one call away.
///
/// Progress is in the data: a text that has its vector and a question that has its answer are done. Any step may be
/// killed at any point and run again.
@NullMarked
package dev.tidemill.reembed;

import org.jspecify.annotations.NullMarked;
