import de.vertico.starface.module.core.model.Visibility;
import de.vertico.starface.module.core.runtime.IBaseExecutable;
import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;
import de.vertico.starface.module.core.runtime.annotations.Function;

/** When the instance is created or activated, or the PBX has started: listening begins. */
@Function(visibility = Visibility.Private, rookieFunction = false, description = "Busylamp: begins to listen")
public class BusylampBegin implements IBaseExecutable {
    @Override
    public void execute(IRuntimeEnvironment context) throws Exception {
        BusylampBridge.begin(context);
    }
}
