@NullMarked
package dev.tidemill.admin.sets;

import org.jspecify.annotations.NullMarked;
