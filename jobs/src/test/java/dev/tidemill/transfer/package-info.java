/// Tests of moving a project.
@NullMarked
package dev.tidemill.transfer;

import org.jspecify.annotations.NullMarked;
