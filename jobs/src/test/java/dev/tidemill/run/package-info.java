@NullMarked
package dev.tidemill.run;

import org.jspecify.annotations.NullMarked;
