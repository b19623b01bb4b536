"""Goes through the pages of one's jobs, and has every one of them tell of its failures."""

import civis

client = civis.APIClient(resources="all")
resources = {"cpu": 256, "memory": 512, "disk_space": 1}
for number in range(7):
    client.scripts.post_containers(
        name=f"Nightly {number}",
        required_resources=resources,
        docker_image_name="civisanalytics/datascience-python",
        docker_command="echo hello",
    )

changed = 0
for job in client.jobs.list(iterator=True, limit=3, type="JobTypes::ContainerDocker"):
    if "Nightly" not in job["name"]:
        continue
    client.scripts.patch_containers(
        job["id"],
        notifications={"failure_email_addresses": ["ada@example.com"], "failure_on": True},
    )
    changed += 1
print(f"{changed} jobs changed")
