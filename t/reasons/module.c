/* An extension module of Python that writes through a null pointer. */
#include <Python.h>

static int *volatile none;

static PyObject *
crash(PyObject *self, PyObject *args)
{
	(void)self;
	(void)args;
	none[5] = 1;
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = { { "crash", crash, METH_NOARGS, NULL }, { NULL, NULL, 0, NULL } };
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "ways", NULL, -1, methods, NULL, NULL, NULL, NULL };

PyMODINIT_FUNC PyInit_ways(void);

PyMODINIT_FUNC
PyInit_ways(void)
{
	return PyModule_Create(&module);
}
