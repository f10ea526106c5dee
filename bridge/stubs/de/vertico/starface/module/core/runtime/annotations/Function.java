package de.vertico.starface.module.core.runtime.annotations;

import de.vertico.starface.module.core.model.Visibility;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Function {
    Visibility visibility();

    boolean rookieFunction() default false;

    String description() default "";
}
