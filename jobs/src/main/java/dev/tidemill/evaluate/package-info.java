/// The evaluate job: *open* an evaluation for each golden set, *ask* its questions of a vector set, *conclude* with the
/// metrics. As a canary it asks after every change of the corpus, and raises an alert when a metric falls.
@NullMarked
package dev.tidemill.evaluate;

import org.jspecify.annotations.NullMarked;
