/// Hits to an answer whose every sentence is cited, or to an abstention that says why. Extractive: the
/// answer is made of sentences that stand in the corpus, and each citation is checked against the
/// stored text before it is given out.
@NullMarked
package dev.tidemill.answer;

import org.jspecify.annotations.NullMarked;
