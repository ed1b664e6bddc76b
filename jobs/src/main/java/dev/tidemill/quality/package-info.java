/// How well search finds what is relevant: metrics, the asking of judged questions, and the gate that decides
/// whether one vector set may take the place of another. Knows search and store; jobs use it.
@NullMarked
package dev.tidemill.quality;

import org.jspecify.annotations.NullMarked;
