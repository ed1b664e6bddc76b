/// What tests of several jobs share: a node with the jobs that a test names, and a corpus made of numbers instead of
/// texts
/// and models.
@NullMarked
package dev.tidemill.made;

import org.jspecify.annotations.NullMarked;
