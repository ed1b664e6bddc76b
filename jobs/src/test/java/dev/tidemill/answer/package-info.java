/// Tests of the answers.
@NullMarked
package dev.tidemill.answer;

import org.jspecify.annotations.NullMarked;
