/* Stands in for libFuzzer: runs the target once on each file named, and on
   each file of a folder named. */

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int runs;

static int replay_file(const char *path, size_t size)
{
	uint8_t *data;
	FILE *f;
	size_t got;

	f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		return -1;
	}
	/* exactly as large as the input, so that ASan sees one octet more */
	data = malloc(size > 0 ? size : 1);
	if (data == NULL)
		abort();
	got = fread(data, 1, size, f);
	(void)fclose(f);
	(void)LLVMFuzzerTestOneInput(data, got);
	free(data);
	runs++;
	return 0;
}

static int replay(const char *path)
{
	char name[PATH_MAX];
	struct dirent *d;
	struct stat st;
	DIR *dir;
	int ret = 0;

	if (stat(path, &st) < 0) {
		perror(path);
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path, st.st_size);
	dir = opendir(path);
	if (dir == NULL) {
		perror(path);
		return -1;
	}
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, d->d_name);
		if (replay(name) < 0)
			ret = -1;
	}
	(void)closedir(dir);
	return ret;
}

int main(int argc, char *argv[])
{
	int i, ret = 0;

	for (i = 1; i < argc; i++) {
		if (replay(argv[i]) < 0)
			ret = 1;
	}
	printf("%u inputs\n", runs);
	return runs == 0 ? 1 : ret;
}
